"""The processes that want to be told of the changes of a bucket.

Each registers itself under the bucket's name in a Registry whose keys are shared. The bucket tells
all of them, in the order of its changes; one that dies is in the table no more. A subscription is
to a name: a bucket that dies and is created again still has its subscribers.
"""

from beamish import process
from beamish.otp import ChildSpec, Registry

NAME = "KV.Subscribers"

# ("put", key, value) or ("delete", key)
Change = tuple[str, ...]


def child_spec() -> ChildSpec:
    """How a supervisor starts the table."""
    return Registry.child_spec(keys="duplicate", name=NAME)


def subscribe(bucket: str) -> None:
    """The calling process gets each change of the bucket as a message, from now on."""
    Registry.register(NAME, bucket)


def tell(bucket: str, change: Change) -> None:
    """Sends a change to all who have subscribed."""
    if process.whereis(NAME) is not None:  # it may have died, and its subscribers with it
        Registry.dispatch(
            NAME, bucket, lambda found: [process.send(pid, change) for pid, _ in found]
        )
