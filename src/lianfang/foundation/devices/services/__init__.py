"""The public door of devices: what is written."""

from lianfang.foundation.devices.services.applying import apply_all_waiting, apply_waiting, devices_with_waiting
from lianfang.foundation.devices.services.contact import (
    Credentials,
    DeviceEndedError,
    DeviceUnknownError,
    authenticate,
    note_contact,
    read_credentials,
    still_takes,
)
from lianfang.foundation.devices.services.enrolment import (
    SHOWS_WITHOUT_CONTACT,
    TOKEN_LASTS,
    DeviceProblemError,
    Enrolled,
    Wanted,
    device_actor,
    enrol_device,
    invite_again,
    invite_device,
    lookup_key_of,
    renew_device,
    revoke_device,
    storage_key_of,
)
from lianfang.foundation.devices.services.inbox import accept_items, answer_of, answers_to
from lianfang.foundation.devices.services.packages import NoPackageError, package_content, package_etags
from lianfang.foundation.devices.services.sent import MOST_ITEMS, Batch, BatchError, read_batch
from lianfang.foundation.devices.services.settling import settle_item

__all__ = [
    "MOST_ITEMS",
    "SHOWS_WITHOUT_CONTACT",
    "TOKEN_LASTS",
    "Batch",
    "BatchError",
    "Credentials",
    "DeviceEndedError",
    "DeviceProblemError",
    "DeviceUnknownError",
    "Enrolled",
    "NoPackageError",
    "Wanted",
    "accept_items",
    "answer_of",
    "answers_to",
    "apply_all_waiting",
    "apply_waiting",
    "authenticate",
    "device_actor",
    "devices_with_waiting",
    "enrol_device",
    "invite_again",
    "invite_device",
    "lookup_key_of",
    "note_contact",
    "package_content",
    "package_etags",
    "read_batch",
    "read_credentials",
    "renew_device",
    "revoke_device",
    "settle_item",
    "still_takes",
    "storage_key_of",
]
