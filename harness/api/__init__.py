"""The command line as functions: what a script or a notebook uses, exported by the package `harness`."""
