"""Who authorises: the embedded host, and the link to a real one."""
