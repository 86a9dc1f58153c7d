"""Log-in through the office's own directory (LDAP): off unless it is configured.

The directory says who somebody is; what they may do comes from its groups or from the account
here. The one room that speaks LDAP; ``ldap3`` is loaded only where a directory is configured.
"""

from pipeline.desk.directory.directory import Directory, Entry
from pipeline.desk.directory.faults import DirectoryError

__all__ = ["Directory", "DirectoryError", "Entry"]
