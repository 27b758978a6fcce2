"""The lines of an invoice's or delivery note's table.

rows ─▶ tables (heading, columns; without a heading: ocr.unheaded) ─▶ drafts: a row of amounts with the text that
belongs to it, above, below and beside ─▶ line items, their numbers checked by quantity x price = total.
"""
