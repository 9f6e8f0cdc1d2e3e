"""Who authorises: the embedded acquirer, and the link to a real one."""
