"""In the place of nvidia-smi: one idle H100, asked by -L, -q -x, --query-gpu or
--query-compute-apps, once or again and again by --loop-ms.

Names of fields and the form of the answers are nvidia-smi's; runs as `python3 -IS nvidia_smi.py`.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime

UUID = "GPU-5a1d0bad-0000-4000-8000-00000000c0de"
CARD = {
    "index": "0",
    "name": "NVIDIA H100 80GB HBM3",
    "uuid": UUID,
    "driver_version": "580.95.05",
    "compute_cap": "9.0",
    "clocks.sm": "1980",
    "clocks.mem": "2619",
    "clocks.max.sm": "1980",
    "clocks.max.mem": "2619",
    "power.draw": "118.42",
    "power.limit": "700.00",
    "temperature.gpu": "33",
    "temperature.gpu.tlimit": "54",
    "clocks_event_reasons.active": "0x0000000000000001",
    "clocks_throttle_reasons.active": "0x0000000000000001",
    "memory.total": "81559",
    "memory.used": "4",
    "utilization.gpu": "0",
    "pstate": "P0",
    "persistence_mode": "Enabled",
    "ecc.mode.current": "Enabled",
    "mig.mode.current": "Disabled",
    "compute_mode": "Default",
}


# Of the long log, what is not the same in every log of an idle machine.
LOG = f"""\
<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<nvidia_smi_log>
\t<driver_version>{CARD["driver_version"]}</driver_version>
\t<cuda_version>13.0</cuda_version>
\t<attached_gpus>1</attached_gpus>
\t<gpu id="00000000:19:00.0">
\t\t<product_name>{CARD["name"]}</product_name>
\t\t<uuid>{UUID}</uuid>
\t\t<persistence_mode>Enabled</persistence_mode>
\t\t<mig_mode><current_mig>Disabled</current_mig></mig_mode>
\t\t<fb_memory_usage><total>81559 MiB</total><used>4 MiB</used></fb_memory_usage>
\t\t<utilization><gpu_util>0 %</gpu_util></utilization>
\t\t<ecc_mode><current_ecc>Enabled</current_ecc></ecc_mode>
\t\t<ecc_errors><volatile><dram_uncorrectable>0</dram_uncorrectable></volatile></ecc_errors>
\t\t<remapped_rows><remapped_row_failure>No</remapped_row_failure></remapped_rows>
\t\t<temperature><gpu_temp>33 C</gpu_temp></temperature>
\t\t<clocks><sm_clock>1980 MHz</sm_clock><mem_clock>2619 MHz</mem_clock></clocks>
\t\t<max_clocks><sm_clock>1980 MHz</sm_clock><mem_clock>2619 MHz</mem_clock></max_clocks>
\t\t<clocks_event_reasons>
\t\t\t<clocks_event_reason_gpu_idle>Active</clocks_event_reason_gpu_idle>
\t\t</clocks_event_reasons>
\t\t<processes></processes>
\t</gpu>
</nvidia_smi_log>"""


def main(words: list[str]) -> int:
    if words == ["-L"]:
        print(f"GPU 0: {CARD['name']} (UUID: {UUID})")
        return 0
    if words == ["-q", "-x"]:
        print(LOG)
        return 0
    asked = {word.partition("=")[0]: word.partition("=")[2] for word in words}
    if asked.get("--id", "0") not in ("0", UUID):
        print("No devices were found")
        return 6
    every_s = float(asked.get("--loop-ms", 0)) / 1e3
    if "--query-compute-apps" in asked:
        while every_s:
            time.sleep(every_s)
        return 0
    if "--query-gpu" not in asked:
        print(f"stand-in nvidia-smi: cannot answer {' '.join(words)}", file=sys.stderr)
        return 2
    fields = asked["--query-gpu"].split(",")
    unknown = [field for field in fields if field not in CARD and field != "timestamp"]
    if unknown:
        print(f'Field "{unknown[0]}" is not a valid field to query.\n')
        return 2
    while True:
        now = datetime.now().strftime("%Y/%m/%d %H:%M:%S.%f")[:-3]
        print(", ".join(CARD.get(field, now) for field in fields), flush=True)
        if not every_s:
            return 0
        time.sleep(every_s)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
