"""Analysis of programs compiled for an NVIDIA H100, on a machine without one.

    python -m benchmarks.plan --config mini --worlds 8192 --programs step observations

XLA's CUDA plugin makes a device from a description and compiles for it without a driver. What comes
out lists kernels, copies, loops whose length only the device knows, temporary memory, and bytes
moved. It measures no time: the floor is what the program would take if every kernel moved its bytes
at the memory's full speed, and none took less than a launch.

It needs `pip install "jax[cuda13]"` (about 3 GB) in an environment of its own.

  device    the description, and compiling for it
  hlo       reads the text of a compiled program
  floor     kernels, bytes and the least time of what was read
  programs  what is compiled: a step, with observations, an update of training
"""
