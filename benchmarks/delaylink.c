// Joins two network namespaces by a line with a fixed one-way delay, for kernels without netem.
//
//   cc -O2 -o delaylink delaylink.c
//   ./delaylink NAMESPACE_A NAMESPACE_B DEVICE DELAY_US
//
// Each namespace gets a TUN device of the same name; whatever leaves one appears in the other
// DELAY_US later. TCP runs end to end through it: windows, slow start and retransmission are
// the kernel's own. Packets keep their virtio header, so the kernel hands over large segments
// as one (up to 64 KB) and the copying here does not become the bottleneck.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { LARGEST_PACKET = 70000, READS_PER_TURN = 64 };

struct packet {
    struct packet *next;
    uint64_t due_us;
    ssize_t size;
    char bytes[];
};

// Packets on their way in one direction, oldest first: the delay is fixed, so order is kept.
struct way {
    int from, to;
    struct packet *oldest, *newest;
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int open_tun(const char *namespace, const char *device) {
    char path[256];
    snprintf(path, sizeof path, "/var/run/netns/%s", namespace);
    int home = open(path, O_RDONLY | O_CLOEXEC);
    if (home < 0 || setns(home, CLONE_NEWNET)) fail(path);
    close(home);

    int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tun < 0) fail("/dev/net/tun");
    struct ifreq request = {0};
    request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    strncpy(request.ifr_name, device, IFNAMSIZ - 1);
    if (ioctl(tun, TUNSETIFF, &request)) fail("TUNSETIFF");
    if (ioctl(tun, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4)) fail("TUNSETOFFLOAD");
    return tun;
}

static void take_in(struct way *way, uint64_t delay_us) {
    static char buffer[LARGEST_PACKET];
    for (int turn = 0; turn < READS_PER_TURN; turn++) {
        ssize_t size = read(way->from, buffer, sizeof buffer);
        if (size <= 0) return;
        struct packet *packet = malloc(sizeof *packet + (size_t)size);
        if (!packet) fail("malloc");
        packet->next = NULL;
        packet->due_us = now_us() + delay_us;
        packet->size = size;
        memcpy(packet->bytes, buffer, (size_t)size);
        if (way->newest) way->newest->next = packet;
        else way->oldest = packet;
        way->newest = packet;
    }
}

// Delivers what is due; returns when the next packet will be, or UINT64_MAX.
static uint64_t deliver(struct way *way) {
    while (way->oldest && way->oldest->due_us <= now_us()) {
        struct packet *packet = way->oldest;
        // A device that is down or full loses the packet, as a real line would.
        if (write(way->to, packet->bytes, (size_t)packet->size) < 0 && errno != EIO &&
            errno != EAGAIN)
            perror("write");
        way->oldest = packet->next;
        if (!way->oldest) way->newest = NULL;
        free(packet);
    }
    return way->oldest ? way->oldest->due_us : UINT64_MAX;
}

int main(int count, char **words) {
    if (count != 5) {
        fprintf(stderr, "usage: %s NAMESPACE_A NAMESPACE_B DEVICE DELAY_US\n", words[0]);
        return 2;
    }
    int a = open_tun(words[1], words[3]);
    int b = open_tun(words[2], words[3]);
    uint64_t delay_us = strtoull(words[4], NULL, 10);
    struct way there = {a, b, NULL, NULL}, back = {b, a, NULL, NULL};
    puts("ready");
    fflush(stdout);

    for (;;) {
        uint64_t next = deliver(&there), other = deliver(&back), now = now_us();
        if (other < next) next = other;
        uint64_t left = next > now ? next - now : 0;
        struct timespec wait = {(time_t)(left / 1000000), (long)(left % 1000000) * 1000};
        struct pollfd ends[] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
        ppoll(ends, 2, next == UINT64_MAX ? NULL : &wait, NULL);
        take_in(&there, delay_us);
        take_in(&back, delay_us);
    }
}
