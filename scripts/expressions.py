"""The texts of corpus/filters and corpus/rejects: what people write, and what libpcap refuses."""

EVERYWHERE = """\

host 10.0.0.1
src host 10.0.0.1
dst host 10.0.0.1
src or dst host 10.0.0.1
src and dst host 10.0.0.1
ip host 10.0.0.1
arp host 10.0.0.1
rarp host 10.0.0.1
10.0.0.1
host 10.0.0.1 or 10.0.0.2
host 10.0.0.1 and not 10.0.0.2
not host 10.0.0.1
host 2001:db8::1
src host 2001:db8::1
ip6 host fe80::1
ip6 dst host ::1
host ::ffff:10.0.0.1
host localhost
net 10
net 10.1
net 192.168.1
net 10.0.0.0/8
net 192.168.1.0/24
net 192.168.1.0 mask 255.255.255.0
src net 172.16.0.0/12
dst net 0.0.0.0/0
net 2001:db8::/32
src net 2001:db8::/33
dst net fe80::/64
net 2001:db8::/127
ip net 10.1.2.0/23
arp net 10.0.0.0/8
port 80
src port 80
dst port 80
src or dst port 80
src and dst port 80
tcp port 80
tcp src port 80
tcp dst port 443
udp port 53
udp src port 53
sctp port 5060
port http
tcp port http
port domain
udp port tftp
port 80 or 443
port 80 or port 443 or 8080
port not 22
not port 22
tcp port 80 or udp port 53
portrange 80-90
tcp portrange 80-443
src portrange 1-1023
dst portrange 1024-65535
udp portrange 5060-5061
portrange http-443
portrange 90-80
proto 6
proto \\tcp
proto \\udp
ip proto 17
ip proto \\icmp
ip6 proto 6
ip6 proto \\tcp
ip6 proto 58
ip proto 255
ip
ip6
arp
rarp
tcp
udp
sctp
icmp
icmp6
igmp
igrp
ah
esp
vrrp
carp
pim
ip and tcp
ip or ip6
ip6 and udp
ip and not tcp
not ip
not (tcp or udp)
tcp or udp or sctp
tcp and port 80
tcp and host 10.0.0.1 and port 80
host 10.0.0.1 and (port 80 or port 443)
(tcp or udp) and net 192.168.0.0/16
ip host 10.0.0.1 and not tcp port 22
src net 10 and dst net 192.168
icmp or arp
ip protochain 6
ip6 protochain 6
ip protochain \\tcp
ip6 protochain 17
protochain 51
ip multicast
ip6 multicast
ip proto 50 or ip proto 51
less 64
greater 1000
len <= 100
len = 60
len > 100 and len < 200
len & 1 = 1
len / 2 > 40
len % 4 = 3
ip[0] & 0xf != 5
ip[8] < 5
ip[6:2] & 0x1fff = 0
ip[6] & 0x20 != 0
ip[2:2] > 576
ip[12:4] = 0x0a000001
ip[9] = 6
ip[0] >> 4 = 4
ip[ip[0] & 0xf] = 1
ip6[6] = 58
ip6[40] = 135
ip6[0:4] & 0x0ff00000 != 0
tcp[13] & 2 != 0
tcp[13] = 18
tcp[tcpflags] & (tcp-syn|tcp-fin) != 0
tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn
tcp[tcpflags] = tcp-rst
tcp[tcpflags] & tcp-push != 0 and port 80
tcp[tcpflags] & (tcp-ece|tcp-cwr) != 0
tcp[0:2] = 80
tcp[2:2] > 1023
tcp[12] & 0xf0 > 0x50
tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420
tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)
udp[4:2] > 100
udp[8:4] = 0
udp[10] & 0x80 = 0
sctp[0:2] = 5060
icmp[icmptype] = icmp-echo
icmp[icmptype] = icmp-echoreply
icmp[0] = 3
icmp[icmptype] != icmp-echo and icmp[icmptype] != icmp-echoreply
icmp[icmpcode] = 1
icmp6[icmp6type] = icmp6-echo
icmp6[icmp6type] = icmp6-neighborsolicit
icmp6[0] = 128
igmp[0] = 0x16
arp[6:2] = 1
rarp[6:2] = 3
ip[0] = 0x45 and ip[1] = 0
ip[0] + ip[1] > 70
ip[0] * 2 = 138
ip[2:2] - 20 > 100
ip[2:2] / 4 = 10
ip[2:2] % 8 = 4
ip[0] | 1 = 0x45
ip[0] ^ 0x45 = 0
ip[0] << 2 = 0x114
-ip[0] < 0xfffffff0
5 > 3
1 = 2 or ip
1 = 1 and ip
2 + 3 * 4 = 14
(2 + 3) * 4 = 20
0x10 & 020 = 0
7 / 2 = 3 and tcp
ip[0] = 1 and ip[0] = 2
ip[0:2] != ip[2:2]
ip[8] + ip[9] = len
tcp and tcp
ip and ip6
tcp and not tcp
tcp or not tcp
not not tcp
!tcp
tcp && udp || icmp
tcp and (udp or (icmp and (arp or ip6)))
host 10.0.0.1 or host 10.0.0.2 or host 10.0.0.3 or host 10.0.0.4
port 1 or port 2 or port 3 or port 4 or port 5
src host 10.0.0.1 and dst host 10.0.0.2 and tcp and port 80
ip src 10.0.0.1 and ip dst 10.0.0.2
src 10.0.0.1
dst 10.0.0.1 and src 10.0.0.2
ip[16] >= 224
tcp[13] & 7 != 0 and not src and dst net 192.168.0.0/16
(tcp port 80 or tcp port 443) and not host 10.0.0.1 and ip[8] > 1
icmp and icmp[0] != 8 and icmp[0] != 0
udp port 67 or udp port 68
ip and ip[6:2] & 0x3fff != 0
gre or esp
ip proto 47
ip proto 132 or ip6 proto 132
ip6 and ip6[6] = 0
tcp[-1] = 0
ip[1000] = 0
ip[65536] = 0
link[0] = 0
iso
decnet
atalk
aarp
lat
moprc
mopdl
stp
ipx
netbeui
"""

ETHERNET = """\
ether host 02:00:00:00:00:01
ether src 02:00:00:00:00:01
ether dst 02:00:00:00:00:01
ether src host 02:00:00:00:00:01 and ip
ether host 02-00-00-00-00-01
ether host 0200.0000.0001
ether host 020000000001
ether broadcast
broadcast
ether multicast
multicast
ether[0] & 1 = 0 and ip[16] >= 224
ether[0] & 1 = 1
ether[12:2] = 0x0800
ether[6:4] = 0x02000000
ether proto 0x0800
ether proto 0x88cc
ether proto \\ip
ether proto \\arp
ether proto \\ip6
ether proto \\loopback
ether proto 1
ether proto 1500
ether proto 1501
ether proto 0x42
ether proto 0x6004 or ether proto 0x6003
not ether proto \\ip
vlan
vlan 5
vlan 4095
vlan and ip
vlan 5 and tcp port 80
vlan 5 and vlan 6
vlan 5 and vlan 6 and host 10.0.0.1
vlan 5 or vlan 6
not vlan
not vlan 5
vlan and arp
vlan and ip6 and udp port 53
vlan and ether host 02:00:00:00:00:01
vlan and ether[0] & 1 = 1
(vlan and tcp) or udp
udp or (vlan and tcp)
tcp or vlan
vlan and mpls and ip
vlan and pppoes and ip
mpls
mpls 16
mpls 100000
mpls and ip
mpls and host 10.0.0.1
mpls 1 and mpls 2
mpls 1 and mpls 2 and host 10.0.0.1
mpls 1 and ip6
not mpls
mpls or ip
pppoed
pppoes
pppoes 17
pppoes 17 and ip
pppoes and tcp port 80
pppoes and ip6 host 2001:db8::1
pppoes and host 10.0.0.1 and port 80
not pppoes
pppoes or pppoed
ether host 02:00:00:00:00:01 or host 10.0.0.1
ether src 02:00:00:00:00:01 and ether dst 02:00:00:00:00:02
ether[100] = 0
ether[14] = ip[0]
vlan and vlan and vlan and ip
vlan and (tcp or udp) and not port 22
"""

ETHERNET_REFUSED = """\
vlan 5 6
vlan foo
vlan 5 and
"""

# text, netmask, snapshot length
OPTIONS: list[tuple[str, int | None, int]] = [
    ("ip broadcast", 0xFFFFFF00, 262144),
    ("ip broadcast", 0, 262144),
    ("ip broadcast and udp", 0xFFFF0000, 262144),
    ("broadcast", 0, 262144),
    ("tcp", None, 68),
    ("", None, 96),
    ("host 10.0.0.1", None, 65535),
]

REFUSED = """\
tcp and
and tcp
tcp udp
(tcp
tcp)
port
host
port 80 and (
tcp.port == 80
ip.addr == 10.0.0.1
port 65536
port 99999
portrange 1-99999
portrange 80
tcp portrange a-b
port nosuchport
tcp port nosuchport
tcp port tftp
udp port http
host nosuchhost.invalid
net nosuchnet
proto \\nosuch
ip proto \\nosuch
ip proto nosuch
ether proto \\nosuch
ether host 10.0.0.1
ether host nosuchhost
host 02:00:00:00:00:01
tcp host 10.0.0.1
udp net 10
icmp port 80
ip port 80
arp port 80
tcp proto 6
net 10.0.0.1/24
net 10.0.0.0/33
net 10.1.2.3.4
host 10.0.0
host 256.0.0.1
net 10.0.0.1 mask 255.0.0.0
net 2001:db8::1/32
net 2001:db8::/129
host 2001:db8::/32
src host 10.0.0.0/8
src and dst proto 6
src proto 6
gateway 10.0.0.1
ip broadcast
ip6 broadcast
tcp broadcast
tcp multicast
icmp6[0
icmp6[0]
tcp[0:3] = 1
tcp[0:0] = 1
ip[0] =
ip[0] == 1 == 2
5 / 0 = 1
5 % 0 = 1
ip[0] / 0 = 1
1 << 33 = 0
4294967296 = 1
0x1ffffffff = 1
host 10.0.0.1 and foo
foo
foo bar
tcp[foo] = 1
tcp[tcp-bogus] = 1
vlan 4096
mpls 1048576
pppoes 65536
less foo
greater
len
len 5
not
not not
!
()
tcp @ udp
\\tcp
ether host 02:00:00:00:00
ether host 02:00:00:00:00:01:02
port 80 host 10.0.0.1
ip6 host 10.0.0.1
ip host 2001:db8::1
ip net 2001:db8::/32
arp host 2001:db8::1
ip protochain foo
tcp protochain 6
ip[0:8] = 1
'tcp'
tcp and and udp
tcp or or udp
tcp = 6
"""
