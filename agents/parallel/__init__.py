"""Training on several devices and with several processes.

Modules:
  meshes      the mesh of devices that worlds are sharded over
  processes   several processes, maybe on several machines, that train together
  workers     several processes on one machine that share independent work
"""
