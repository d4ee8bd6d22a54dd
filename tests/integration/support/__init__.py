"""What the integration tests stand on: processes, raw connections, scripted and real origins."""
