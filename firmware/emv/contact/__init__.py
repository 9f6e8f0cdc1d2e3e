"""The EMV 4.4 contact kernel, one module a step of the Books.

| step | module | Books |
| --- | --- | --- |
| application selection | `select` | Book 1, 12 |
| initiate application processing | `gpo` | Book 3, 10.1 |
| read application data | `read` | Book 3, 10.2 |
| offline data authentication | `oda`, `../certificates`, `../ca_keys` | Book 3, 10.3; Book 2, 5–6 |
| processing restrictions | `restrictions` | Book 3, 10.4 |
| cardholder verification | `cvm`, `pin` | Book 3, 10.5; Book 2, 7 |
| terminal risk management | `risk` | Book 3, 10.6 |
| terminal and card action analysis | `action`, `cryptogram` | Book 3, 10.7–10.8 |
| online, issuer authentication, scripts, completion | `complete`, `scripts` | Book 3, 10.9–10.11 |

`session` is the way in, `dialogue` is what it asks of its caller, `emv.outcomes` what it gives
back. `applications.toml` is its data.
"""
