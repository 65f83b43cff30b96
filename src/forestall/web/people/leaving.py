"""What happens when a person leaves: others listen here, within the transaction in which the account is closed.

from forestall.web.people.leaving import left

@receiver(left)
def flag_plans(person, trail, **_): ...
"""

from django.dispatch import Signal

#: Sent with ``person`` (the :class:`~forestall.web.people.models.User` who left) and ``trail`` (of who closed the account).
left = Signal()
