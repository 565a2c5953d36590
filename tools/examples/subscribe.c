/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live figures of every mat as they come. To build it:
 * cc subscribe.c -o subscribe $(pkg-config --cflags --libs libzmq)
 */
#include <stdio.h>
#include <zmq.h>

int main(int argc, char **argv)
{
	char topic[256], header[16384];
	void *sub = zmq_socket(zmq_ctx_new(), ZMQ_SUB);

	zmq_connect(sub, argc > 1 ? argv[1] : "tcp://127.0.0.1:5571");
	zmq_setsockopt(sub, ZMQ_SUBSCRIBE, "metrics/", 8);
	for (;;) {
		int n = zmq_recv(sub, topic, sizeof(topic), 0);
		int m = zmq_recv(sub, header, sizeof(header), 0);

		if (n < 0 || n > (int)sizeof(topic) || m < 0 || m > (int)sizeof(header))
			return 1;
		printf("%.*s %.*s\n", n, topic, m, header);
		fflush(stdout);
	}
}
