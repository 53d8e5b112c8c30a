"""Who may call, and where outgoing calls may go: clients, tokens, keys, replay, limits. Knows no medicine."""
