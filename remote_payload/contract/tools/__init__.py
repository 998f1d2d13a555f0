"""The words of ncu, nvidia-smi and compilers."""
