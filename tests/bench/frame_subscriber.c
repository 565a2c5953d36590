/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The near end of the bench: subscribes to frame/ and writes down when each frame came.
 *
 * usage: frame_subscriber ENDPOINT FRAMES OUT
 *
 * OUT: two int64 a frame, the device's counter and CLOCK_MONOTONIC ns after its last part was
 * received. Ends after FRAMES frames or two seconds without any (once the first has come).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int64_t device_seq(const char *header)
{
	const char *at = strstr(header, "\"device_seq\":");

	return at ? strtoll(at + strlen("\"device_seq\":"), NULL, 10) : -1;
}

int main(int argc, char **argv)
{
	static char header[16384], cells[1 << 20];
	void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_SUB);
	int hwm = 100000, patience_ms = -1;
	int64_t(*rows)[2];
	long n = 0, max;
	FILE *out;

	if (argc != 4) {
		fputs("usage: frame_subscriber ENDPOINT FRAMES OUT\n", stderr);
		return 2;
	}
	max = atol(argv[2]);
	rows = calloc((size_t)max, sizeof(*rows));
	zmq_setsockopt(socket, ZMQ_RCVHWM, &hwm, sizeof(hwm));
	zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "frame/", 6);
	if (!rows || zmq_connect(socket, argv[1])) {
		perror("frame_subscriber");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (n < max) {
		int size;

		zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience_ms, sizeof(patience_ms));
		if (zmq_recv(socket, header, sizeof(header), 0) < 0)
			break;
		size = zmq_recv(socket, header, sizeof(header) - 1, 0);
		header[size > 0 ? size : 0] = '\0';
		if (zmq_recv(socket, cells, sizeof(cells), 0) < 0)
			break;
		rows[n][1] = now_ns();
		rows[n++][0] = device_seq(header);
		if (patience_ms < 0)
			patience_ms = 2000;
	}
	out = fopen(argv[3], "wb");
	if (!out || fwrite(rows, sizeof(*rows), (size_t)n, out) != (size_t)n || fclose(out))
		return 1;
	zmq_close(socket);
	zmq_ctx_term(context);
	return 0;
}
