"""What child processes of the tests find in place of trio, as most users do: httpcore takes 0.1 s to load it."""

raise ImportError("the tests hide trio from child processes that do not use it")
