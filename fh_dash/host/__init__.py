"""The server and the app in it: one socket for the whole run, generations of the app behind a gate.

`Host` brings generations up and down on the server's loop, `Server` is uvicorn, `Gate` the ASGI app that it serves,
`target` and `lookup` find the app. `fh_dash.runtime` puts them together.
"""
