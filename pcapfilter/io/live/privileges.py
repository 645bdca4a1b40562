"""Becoming another user, for good, once the capture is open."""

import os
import pwd


def become(user: str) -> None:
    """Be a user from now on, with that user's groups; KeyError where there is none.

    Who is not root stays who they are.
    """
    found = pwd.getpwnam(user)
    if os.geteuid() == 0:
        os.initgroups(user, found.pw_gid)
        os.setgid(found.pw_gid)
        os.setuid(found.pw_uid)
