#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# purity.sh LIBRARY.a...
#
# The pure rooms take bytes, numbers and time as arguments: whatever they compute can be computed
# again from a recording. This holds them to it: their objects may import nothing that starts a
# thread, opens or prints anything, or asks for the time, and may hold no writable data. Exit 77 if
# the objects are instrumented by a sanitizer, which imports all of that.
set -eu
export LC_ALL=C
failed=0

threads='pthread_.*|thrd_.*|mtx_.*|cnd_.*|sem_.*|fork|vfork|clone|posix_spawn.*|system|popen'
libraries='zmq_.*|H5.*|libusb_.*|sp_.*|udev_.*|sd_.*|config_.*|json_.*|libdeflate_.*'
streams='f?open(64)?|fdopen|freopen(64)?|fclose|fread|fwrite|fgets|fgetc|getc|getline|getdelim|fputs|fputc|putc'
streams="$streams|v?f?printf|v?dprintf|puts|putchar|perror|f?scanf|__isoc99_f?scanf|fseeko?|ftello?|fflush"
streams="$streams|__v?f?printf_chk|__v?dprintf_chk|std(in|out|err)|syslog|tmpfile(64)?"
files='openat(64)?|creat(64)?|close|p?read(64)?|readv|p?write(64)?|writev|lseek(64)?|ioctl|fcntl(64)?|f?stat(64)?|unlink|rename'
files="$files|f(data)?sync|opendir|readdir(64)?|select|p?poll|epoll_.*|eventfd|pipe2?|socket.*|connect|bind|listen|accept4?"
files="$files|send(to|msg)?|recv(from|msg)?|getaddrinfo"
clocks='time|clock|clock_.*|gettimeofday|timespec_get|localtime(_r)?|gmtime(_r)?|mktime|strftime|(nano|u)?sleep|timer.*'
state='getenv|secure_getenv|setlocale|setenv|rand|srand|random|srandom|drand48|signal|sigaction|exit|abort|atexit'
forbidden="^(_?($threads|$libraries|$streams|$files|$clocks|$state))(@.*)?$"

[ $# -gt 0 ] || { echo "usage: purity.sh LIBRARY.a..." >&2; exit 2; }
for lib in "$@"; do
	imports=$(nm -u "$lib" | awk '$1 == "U" || $1 == "w" { print $2 }' | sort -u)
	[ -n "$imports" ] || { echo "$lib: nm finds no imports at all" >&2; exit 1; }
	if echo "$imports" | grep -qE '^__(asan|tsan|ubsan|msan|sanitizer)_'; then
		echo "skipped: $lib is built with a sanitizer"
		exit 77
	fi
	found=$(echo "$imports" | grep -E "$forbidden" || true)
	if [ -n "$found" ]; then
		echo "$lib imports what a pure room may not:" $found >&2
		nm -A -u "$lib" | grep -wF "$found" >&2
		failed=1
	fi
	# The C library's number formatting follows the locale; JSON may not.
	found=$(nm -A -u "$lib" | grep -E ':json\.c\.o:.* (v?sn?printf|strto[dfl]|strtold|localeconv)' || true)
	if [ -n "$found" ]; then
		echo "numbers in JSON would depend on the locale: $found" >&2
		failed=1
	fi
	# .data.rel.ro is constant after loading; all other .data and .bss would be global state.
	found=$(objdump -h "$lib" | awk '
		/file format/ { object = $1 }
		$2 ~ /^\.(data|bss|tdata|tbss)/ && $2 !~ /^\.data\.rel\.ro/ && $3 !~ /^0+$/ {
			print object $2 " (0x" $3 " bytes)" }')
	if [ -n "$found" ]; then
		echo "$lib holds writable global data:" $found >&2
		failed=1
	fi
	echo "$lib: $(echo "$imports" | wc -l) imports, $(echo "$imports" | tr '\n' ' ')"
done
exit $failed
