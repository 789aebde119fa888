"""The workloads on other libraries of Python, each in its documented and fastest form.

One module a library, and in it one function a workload, named as the workload is; a function takes
the number of units and returns the figure in the workload's unit. A library is measured in an
environment of its own, without beamish (see ../environments.py).
"""
