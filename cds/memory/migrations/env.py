"""Alembic's way in: the steps run on the connection that `cds.memory.migrations` hands over, in its transaction."""

from alembic import context

from cds.memory.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
