# A game server on beaconry for Godot 3. Calls block until they are answered: use a Thread in a game.
extends Reference

var error = ""          # of the last call: "" or "CODE: message"
var _host
var _port
var _handle = ""
var _seq = 0

func _init(host, port):
	_host = host
	_port = port

func init_server(app_id, version, game_port, query_port, mode = 3):
	var made = _request(HTTPClient.METHOD_POST, "/v1/gameservers", {
		"appId": app_id, "version": version, "gamePort": game_port, "queryPort": query_port, "mode": mode})
	if error == "":
		_handle = made.handle
	return error == ""

# Without a token the server is anonymous.
func log_on(token = ""):
	return _self(HTTPClient.METHOD_POST, "/logon", {} if token == "" else {"token": token})

# name, map, maxPlayers, tags, advertise ...: all or nothing.
func set_state(state):
	return _self(HTTPClient.METHOD_PATCH, "", state)

func set_rules(rules):
	return _self(HTTPClient.METHOD_PUT, "/rules", rules)

# A player is whom he says only once the verdict's response is 0.
func begin_session(ticket, steam_id, wait = 5):
	return _self(HTTPClient.METHOD_POST, "/sessions", {"ticket": ticket, "steamId": steam_id, "wait": wait})

func show_player(steam_id, player_name, score):
	_self(HTTPClient.METHOD_PATCH, "/sessions/" + steam_id, {"name": player_name, "score": score})

func end_session(steam_id):
	_self(HTTPClient.METHOD_DELETE, "/sessions/" + steam_id)

# Signals since the last time, each with `signal` and `data`; waits up to so many seconds for one.
func signals(wait = 0):
	var answer = _self(HTTPClient.METHOD_GET, "/signals?after=%d&wait=%d" % [_seq, wait])
	if error != "":
		return []
	_seq = int(answer.next)
	return answer.items

func log_off():
	return _self(HTTPClient.METHOD_POST, "/logoff", {})

func shut_down():
	_self(HTTPClient.METHOD_DELETE, "")

func _self(method, path, body = null):
	return _request(method, "/v1/gameservers/self" + path, body)

func _request(method, path, body = null):
	error = ""
	var http = HTTPClient.new()
	http.connect_to_host(_host, _port)
	_wait(http, [HTTPClient.STATUS_RESOLVING, HTTPClient.STATUS_CONNECTING])
	if http.get_status() != HTTPClient.STATUS_CONNECTED:
		error = "CONNECT: no answer from %s:%d" % [_host, _port]
		return {}
	var headers = []
	if _handle != "":
		headers.append("Authorization: Bearer " + _handle)
	if body != null:
		headers.append("Content-Type: application/json")
	http.request(method, path, headers, "" if body == null else JSON.print(body))
	_wait(http, [HTTPClient.STATUS_REQUESTING])
	var code = http.get_response_code()
	var bytes = PoolByteArray()
	while http.get_status() == HTTPClient.STATUS_BODY:
		http.poll()
		var chunk = http.read_response_body_chunk()
		if chunk.size() == 0:
			OS.delay_msec(2)
		else:
			bytes.append_array(chunk)
	http.close()
	var answer = {}
	if bytes.size() > 0:
		answer = JSON.parse(bytes.get_string_from_utf8()).result
	if code < 200 or code > 299:
		error = "HTTP: %d" % code
		if answer is Dictionary and answer.has("error"):
			error = "%s: %s" % [answer.error.code, answer.error.message]
		return {}
	return answer

func _wait(http, states):
	while http.get_status() in states:
		http.poll()
		OS.delay_msec(2)
