// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sun RPC over TCP (RFC 5531), NFSv4.1 (RFC 8881), block layouts (RFC 5663).
 * The server calls back on the connection of the session, so a thread reads
 * what comes: answers to calls, and calls.
 */
#include "layouts.h"

#include "actor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT         2049
#define NFS_PROGRAM  100003
#define NFS_VERSION  4
#define CB_PROGRAM   0x40000000
#define LAST_PIECE   0x80000000u
#define BLOCK_LAYOUT 3
#define RECORD       8192

enum {
	RPC_CALL,
	RPC_REPLY,
};

enum {
	OP_CLOSE = 4,
	OP_LOOKUP = 15,
	OP_OPEN = 18,
	OP_PUTROOTFH = 24,
	OP_EXCHANGE_ID = 42,
	OP_CREATE_SESSION = 43,
	OP_LAYOUTGET = 50,
	OP_LAYOUTRETURN = 51,
	OP_SEQUENCE = 53,
	OP_RECLAIM_COMPLETE = 58,
	OP_CB_LAYOUTRECALL = 5,
	OP_CB_SEQUENCE = 11,
};

enum {
	NFS_OK = 0,
	NFS_GRACE = 10013,
	NFS_LAYOUTUNAVAILABLE = 10059,
};

/* What is sent or received: big-endian words. */
struct record {
	unsigned char data[RECORD];
	size_t n, at;
};

struct client {
	int socket;
	uint32_t xid;
	uint64_t id;
	unsigned char session[16];
	uint32_t sequence;
	atomic_uint recalls;

	pthread_t reader;
	pthread_mutex_t lock; /* of what is below, and of sending */
	pthread_cond_t came;
	bool answered;
	struct record answer;
};

/* --------------------------------- Words ---------------------------------- */

static void put_bytes(struct record *record, const void *bytes, size_t n)
{
	if (record->n + n > RECORD) {
		errno = EMSGSIZE;
		die("record");
	}
	if (n)
		memcpy(record->data + record->n, bytes, n);
	record->n += n;
}

static void put(struct record *record, uint32_t word)
{
	word = htonl(word);
	put_bytes(record, &word, sizeof(word));
}

static void put_long(struct record *record, uint64_t word)
{
	put(record, (uint32_t)(word >> 32));
	put(record, (uint32_t)word);
}

static void put_string(struct record *record, const char *string)
{
	static const unsigned char zeroes[4];
	size_t n = strlen(string);

	put(record, (uint32_t)n);
	put_bytes(record, string, n);
	put_bytes(record, zeroes, -n & 3);
}

static const void *take_bytes(struct record *record, size_t n)
{
	const void *bytes = record->data + record->at;

	if (n > record->n - record->at) {
		errno = EPROTO;
		die("short answer");
	}
	record->at += n;
	return bytes;
}

static uint32_t take(struct record *record)
{
	uint32_t word;

	memcpy(&word, take_bytes(record, sizeof(word)), sizeof(word));
	return ntohl(word);
}

static uint64_t take_long(struct record *record)
{
	uint64_t high = take(record);

	return high << 32 | take(record);
}

/* Passes over a word that says how many bytes follow, and over them. */
static void pass_opaque(struct record *record)
{
	size_t n = take(record);

	take_bytes(record, n);
	take_bytes(record, -n & 3);
}

/* -------------------------------- Records --------------------------------- */

static void send_record(const struct client *client,
			const struct record *record)
{
	uint32_t mark = htonl(LAST_PIECE | (uint32_t)record->n);
	unsigned char piece[sizeof(mark) + RECORD];
	size_t n = sizeof(mark) + record->n, sent = 0;

	memcpy(piece, &mark, sizeof(mark));
	memcpy(piece + sizeof(mark), record->data, record->n);
	while (sent < n) {
		ssize_t r = send(client->socket, piece + sent, n - sent,
				 MSG_NOSIGNAL);

		if (r < 0)
			die("send");
		sent += (size_t)r;
	}
}

static void receive_bytes(const struct client *client, void *bytes, size_t n)
{
	ssize_t r = recv(client->socket, bytes, n, MSG_WAITALL);

	if (r != (ssize_t)n)
		die("the server went away");
}

static void receive_record(const struct client *client, struct record *record)
{
	uint32_t mark = 0;

	memset(record, 0, sizeof(*record));
	while (!(mark & LAST_PIECE)) {
		size_t n;

		receive_bytes(client, &mark, sizeof(mark));
		mark = ntohl(mark);
		n = mark & ~LAST_PIECE;
		if (n > RECORD - record->n) {
			errno = EMSGSIZE;
			die("answer");
		}
		receive_bytes(client, record->data + record->n, n);
		record->n += n;
	}
}

/* ------------------------------- Called back ------------------------------ */

static void put_head(struct record *record, uint32_t xid)
{
	put(record, xid);
	put(record, RPC_REPLY);
	put(record, 0); /* accepted */
	put(record, 0); /* no verifier */
	put(record, 0);
	put(record, 0); /* success */
}

/* A recall was heard: the server asks again until the layout is returned. */
static void put_heard(struct record *out, struct record *call)
{
	bool recall;

	pass_opaque(call);   /* tag */
	take_bytes(call, 8); /* minor version, identifier */
	recall = take(call) > 1;
	put(out, NFS_OK);
	put(out, 0); /* no tag */
	put(out, recall ? 2 : 1);
	if (take(call) != OP_CB_SEQUENCE) {
		errno = EPROTO;
		die("called back");
	}
	put(out, OP_CB_SEQUENCE);
	put(out, NFS_OK);
	/* Session, sequence, slot and highest slot, the latter twice. */
	put_bytes(out, take_bytes(call, 28), 28);
	put_bytes(out, call->data + call->at - 4, 4);
	if (!recall)
		return;
	put(out, OP_CB_LAYOUTRECALL);
	put(out, NFS_OK);
}

static void answer_call(struct client *client, struct record *call,
			uint32_t xid)
{
	struct record out = {.n = 0};
	bool compound;

	take_bytes(call, 12); /* RPC, program, version */
	compound = take(call) != 0;
	take(call);
	pass_opaque(call);
	take(call);
	pass_opaque(call);
	put_head(&out, xid);
	if (compound) {
		put_heard(&out, call);
		client->recalls++;
	}
	pthread_mutex_lock(&client->lock);
	send_record(client, &out);
	pthread_mutex_unlock(&client->lock);
}

static void *read_all(void *arg)
{
	struct client *client = arg;

	for (;;) {
		struct record record;
		uint32_t xid;

		receive_record(client, &record);
		xid = take(&record);
		if (take(&record) == RPC_CALL) {
			answer_call(client, &record, xid);
			continue;
		}
		pthread_mutex_lock(&client->lock);
		client->answer = record;
		client->answered = true;
		pthread_cond_signal(&client->came);
		pthread_mutex_unlock(&client->lock);
	}
	return NULL;
}

/* ---------------------------------- Calls --------------------------------- */

static void begin_call(struct client *client, struct record *call,
		       uint32_t n_ops)
{
	memset(call, 0, sizeof(*call));
	put(call, ++client->xid);
	put(call, RPC_CALL);
	put(call, 2);
	put(call, NFS_PROGRAM);
	put(call, NFS_VERSION);
	put(call, 1); /* a compound */
	put(call, 1); /* of root: five words of credentials */
	put(call, 20);
	put_bytes(call, (unsigned char[20]){0}, 20);
	put(call, 0); /* no verifier */
	put(call, 0);
	put(call, 0); /* no tag */
	put(call, 1); /* NFSv4.1 */
	put(call, n_ops);
}

/* All but those that make the session begin with its next number. */
static void begin_next(struct client *client, struct record *call,
		       uint32_t n_ops)
{
	begin_call(client, call, n_ops + 1);
	put(call, OP_SEQUENCE);
	put_bytes(call, client->session, sizeof(client->session));
	put(call, ++client->sequence);
	put(call, 0); /* slot */
	put(call, 0); /* the highest */
	put(call, 0);
}

static void put_file(struct record *call, const struct layout *layout)
{
	put(call, OP_PUTROOTFH);
	put(call, OP_LOOKUP);
	put_string(call, layout->name);
}

/* Return: the status of the whole; the answer is left behind @pass results. */
static uint32_t finish(struct client *client, const struct record *call,
		       unsigned int pass)
{
	struct record *answer = &client->answer;
	uint32_t status;

	pthread_mutex_lock(&client->lock);
	client->answered = false;
	send_record(client, call);
	while (!client->answered)
		pthread_cond_wait(&client->came, &client->lock);
	pthread_mutex_unlock(&client->lock);
	take_bytes(answer, 4 + 8); /* accepted, no verifier */
	if (take(answer) != 0) {
		errno = EPROTO;
		die("call");
	}
	status = take(answer);
	pass_opaque(answer);
	take(answer); /* how many results */
	/* Of those that come first, only SEQUENCE tells more than a status. */
	while (pass-- && status == NFS_OK) {
		bool sequence = take(answer) == OP_SEQUENCE;

		take(answer);
		if (sequence)
			take_bytes(answer, 36);
	}
	return status;
}

static void must(uint32_t status, const char *what)
{
	if (status == NFS_OK)
		return;
	fprintf(stderr, "%s: NFS status %u\n", what, status);
	exit(2);
}

/* Return: the result of the operation that is next in the answer. */
static struct record *result_of(struct client *client)
{
	take_bytes(&client->answer, 8); /* operation, status */
	return &client->answer;
}

/* --------------------------------- Session -------------------------------- */

static uint32_t exchange_id(struct client *client)
{
	struct record call, *answer;
	char owner[32];

	snprintf(owner, sizeof(owner), "races %d", getpid());
	begin_call(client, &call, 1);
	put(&call, OP_EXCHANGE_ID);
	put_long(&call, (uint64_t)getpid()); /* verifier */
	put_string(&call, owner);
	put(&call, 0); /* flags */
	put(&call, 0); /* no protection */
	put(&call, 0); /* no name of an implementation */
	must(finish(client, &call, 0), "EXCHANGE_ID");
	answer = result_of(client);
	client->id = take_long(answer);
	return take(answer);
}

static void put_channel(struct record *call)
{
	put(call, 0);           /* padding */
	put(call, RECORD / 2);  /* a request */
	put(call, RECORD / 2);  /* a response */
	put(call, RECORD / 16); /* one that is kept */
	put(call, 8);           /* operations */
	put(call, 1);           /* requests at a time */
	put(call, 0);
}

static void create_session(struct client *client, uint32_t sequence)
{
	struct record call;

	begin_call(client, &call, 1);
	put(&call, OP_CREATE_SESSION);
	put_long(&call, client->id);
	put(&call, sequence);
	put(&call, 2); /* called back on this connection */
	put_channel(&call);
	put_channel(&call);
	put(&call, CB_PROGRAM);
	put(&call, 1);
	put(&call, 0); /* called back without credentials */
	must(finish(client, &call, 0), "CREATE_SESSION");
	memcpy(client->session, take_bytes(result_of(client), 16), 16);
}

/* The server opens nothing for a client that might still reclaim. */
static void reclaim_nothing(struct client *client)
{
	struct record call;

	begin_next(client, &call, 1);
	put(&call, OP_RECLAIM_COMPLETE);
	put(&call, 0);
	must(finish(client, &call, 1), "RECLAIM_COMPLETE");
}

struct client *connect_client(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		die("calloc");
	client->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->socket < 0 ||
	    connect(client->socket, (struct sockaddr *)&address,
		    sizeof(address)) < 0) {
		free(client);
		return NULL;
	}
	pthread_mutex_init(&client->lock, NULL);
	pthread_cond_init(&client->came, NULL);
	if (pthread_create(&client->reader, NULL, read_all, client))
		die("pthread_create");
	create_session(client, exchange_id(client));
	reclaim_nothing(client);
	return client;
}

/* --------------------------------- Layouts -------------------------------- */

static uint32_t try_open(struct client *client, const char *name)
{
	struct record call;

	begin_next(client, &call, 2);
	put(&call, OP_PUTROOTFH);
	put(&call, OP_OPEN);
	put(&call, 0);
	put(&call, 0x400 | 3); /* read and write; no delegation */
	put(&call, 0);
	put_long(&call, client->id);
	put_string(&call, "owner");
	put(&call, 0); /* make none */
	put(&call, 0); /* by its name */
	put_string(&call, name);
	return finish(client, &call, 2);
}

void open_layout(struct client *client, const char *name, struct layout *layout)
{
	uint32_t status;

	memset(layout, 0, sizeof(*layout));
	snprintf(layout->name, sizeof(layout->name), "%s", name);
	/* A server that has just begun waits for clients it does not have. */
	while ((status = try_open(client, name)) == NFS_GRACE)
		poll_pause();
	must(status, "OPEN");
	memcpy(layout->open, take_bytes(result_of(client), 16), 16);
	memcpy(layout->held, layout->open, 16);
}

bool get_layout(struct client *client, struct layout *layout, uint64_t len)
{
	struct record call, *answer;
	uint32_t status;

	begin_next(client, &call, 3);
	put_file(&call, layout);
	put(&call, OP_LAYOUTGET);
	put(&call, 0);
	put(&call, BLOCK_LAYOUT);
	put(&call, 2); /* to read and write */
	put_long(&call, 0);
	put_long(&call, len);
	put_long(&call, len);
	put_bytes(&call, layout->held, 16);
	put(&call, RECORD / 2);
	status = finish(client, &call, 3);
	if (status == NFS_LAYOUTUNAVAILABLE)
		return false;
	must(status, "LAYOUTGET");
	answer = result_of(client);
	take(answer);
	memcpy(layout->held, take_bytes(answer, 16), 16);
	/* One layout: offset, length, mode, type; an extent of it. */
	take_bytes(answer, 4 + 8 + 8 + 4 + 4);
	take_bytes(answer, 4 + 4 + 16 + 8 + 8);
	layout->place = take_long(answer);
	return true;
}

void return_layout(struct client *client, struct layout *layout)
{
	struct record call;

	begin_next(client, &call, 3);
	put_file(&call, layout);
	put(&call, OP_LAYOUTRETURN);
	put(&call, 0);
	put(&call, BLOCK_LAYOUT);
	put(&call, 3); /* however it was asked for */
	put(&call, 1); /* of this file */
	put_long(&call, 0);
	put_long(&call, UINT64_MAX);
	put_bytes(&call, layout->held, 16);
	put(&call, 0);
	must(finish(client, &call, 3), "LAYOUTRETURN");
	memcpy(layout->held, layout->open, 16);
}

void close_layout(struct client *client, struct layout *layout)
{
	struct record call;

	begin_next(client, &call, 3);
	put_file(&call, layout);
	put(&call, OP_CLOSE);
	put(&call, 0);
	put_bytes(&call, layout->open, 16);
	must(finish(client, &call, 3), "CLOSE");
}

unsigned int recalls_of(const struct client *client)
{
	return client->recalls;
}
