"""How a legacy value becomes one of ours."""
