"""The simulator as a target of other people's tests: the API, and routes to play at the bench."""
