#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# usage: usb_devices.sh PROGRAM
# Runs it where the USB devices are these: two mats that differ in their serial number, two that
# differ in nothing but their port, a hub, and a serial adapter. umockdev makes them up.
set -eu
devices=$(mktemp)
trap 'rm -f "$devices"' EXIT

# device PATH NUMBER VENDOR PRODUCT CLASS MAKER NAME [SERIAL]
device() {
	vendor=${3#??}${3%??} product=${4#??}${4%??} # low byte first
	has_serial=$([ -n "${8-}" ] && echo 03 || echo 00)
	# device; configuration; an interface of the vendor's own class; a bulk IN endpoint
	descriptors=12010002${5}000040$vendor${product}00010102${has_serial}01
	descriptors=${descriptors}090219000101008032
	descriptors=${descriptors}0904000001FF000000
	descriptors=$(echo "${descriptors}07058102000200" | tr a-f A-F)
	cat <<EOF
P: /devices/usb1/$1
N: bus/usb/001/00$2=$descriptors
E: DEVTYPE=usb_device
E: DEVNAME=/dev/bus/usb/001/00$2
E: SUBSYSTEM=usb
A: busnum=1\n
A: devnum=$2\n
A: idVendor=$3\n
A: idProduct=$4\n
A: bDeviceClass=$5\n
A: bConfigurationValue=1\n
A: speed=480\n
A: manufacturer=$6\n
A: product=$7\n
EOF
	[ -z "${8-}" ] || printf 'A: serial=%s\\n\n' "$8"
	echo
}

{
	device 1-1 2 59e3 74c7 00 TakkTile 'TakkTile USB' 'A 1'
	device 1-4 3 59e3 74c7 00 TakkTile 'TakkTile USB' 'B&2'
	device 1-2 4 05e3 0608 09 Maker 'USB2.0 Hub'
	device 1-2.1 5 1209 0002 00 Test mat
	device 1-2.10 6 1209 0002 00 Test mat
	device 1-3 7 0403 6001 00 FTDI 'FT232R USB UART' A50285BI
	cat <<'EOF'
P: /devices/usb1/1-3/1-3:1.0
E: DEVTYPE=usb_interface
E: SUBSYSTEM=usb
A: bInterfaceNumber=00\n

P: /devices/usb1/1-3/1-3:1.0/ttyUSB0
E: SUBSYSTEM=usb-serial
A: latency_timer=1\n
EOF
} >"$devices"
umockdev-run -d "$devices" -- "$@"
