"""What erases, exports and disposes: adapters put into the activities that privacy asks for."""

from temporalio.client import Client

from activities.disposing import DisposalActivities
from activities.privacy import PrivacyActivities
from adapters.database import Database
from adapters.disposal import SqlRecords
from adapters.exports import SealedExports
from adapters.key_disposal import KeyDisposal
from adapters.keyring import SqlKeyring
from adapters.person import PersonRecords
from adapters.restrictions import Restrictions
from runtime.ending import CaseEnding
from runtime.histories import TemporalHistories


def destruction(
    database: Database, key_store: Database, keyring: SqlKeyring, client: Client
) -> tuple[PrivacyActivities, DisposalActivities]:
    """Return what does the work of privacy requests, and of disposal.

    Args:
        database: The CRM's.
        key_store: Where the keys and the holds are.
        keyring: On the key store; it forgets what is destroyed.
        client: Ends cases, and deletes histories.
    """
    keys = KeyDisposal(key_store, keyring)
    privacy = PrivacyActivities(
        holds=keys,
        person=PersonRecords(database),
        exports=SealedExports(database, keyring, keys),
        ending=CaseEnding(client),
        restrictions=Restrictions(database),
    )
    histories = TemporalHistories(client)
    return privacy, DisposalActivities(keys, SqlRecords(database), histories)
