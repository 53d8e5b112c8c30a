"""The service as a process: how it starts and lives, what it logs and counts, and whether it is well."""
