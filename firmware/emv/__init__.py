"""What EMV kernels share: TLV, tags, certificates, CA keys. `contact` is the contact kernel.

`tags`, `codes`, `tlv`, `dol` and `apdu` are the formats; `outcomes` is what a kernel gives back,
`trace` the account of it; `ca_public_keys.tsv` has the CA public keys that ship.
"""
