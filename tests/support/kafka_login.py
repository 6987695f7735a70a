"""A test's login to the Kafka of a local stack, as any of its processes or as a producer outside."""

from __future__ import annotations

from core.infra.kafka.access import KafkaAccess
from local.config.stack_secrets import kafka_password, load_or_make
from local.stack import StackInfo, layout_of
from schemas.access.kafka_acls import principal_of


def access_of(stack: StackInfo, process: str) -> KafkaAccess:
    """How this process of the stack reaches its Kafka."""
    user = principal_of(process)
    password = kafka_password(load_or_make(layout_of(stack.state_dir)), user)
    return KafkaAccess(bootstrap=stack.env["CLIPSTREAM_KAFKA"], user=user, password=password)


def login_of(stack: StackInfo, process: str) -> dict[str, str]:
    """The same as variables of the environment."""
    access = access_of(stack, process)
    return {"CLIPSTREAM_KAFKA_USER": access.user, "CLIPSTREAM_KAFKA_PASSWORD": access.password}
