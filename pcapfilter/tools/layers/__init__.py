"""What stands where in a packet: headers as tables, read field by field, or filled in.

table.py   the headers: fields, usual values, what comes next
read.py    octets -> the layers of a packet and their fields
finish.py  lengths and checksums, as a sender would set them
"""
