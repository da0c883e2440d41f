"""The outside world behind the ports: database, pager, mail, web."""
