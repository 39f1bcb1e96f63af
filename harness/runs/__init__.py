"""RunConfig -> Plan -> trials -> Run: planning, running, resuming and searching."""
