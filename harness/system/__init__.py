"""The process, the device, and files that are whole or absent."""
