"""Who supplies, who is invoiced, where it was delivered to; with addresses, telephone, e-mail and tax number.

`names` finds the printed names, `facts` and `evidence` tell what speaks for each, `election` decides on all parties
together, `fields` adds what belongs to them.
"""
