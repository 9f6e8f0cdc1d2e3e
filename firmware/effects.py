"""What a flow may ask of the world: one frozen dataclass an effect, each awaitable.

A flow is an ``async def`` that awaits effects and never touches a device, a clock, a file or a
socket. Awaiting an effect yields the effect itself to whoever drives the flow (the runner, or a
script in a test) and gives back the answer, which mypy types.
"""
