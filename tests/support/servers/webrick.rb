require "json"
require "webrick"

TARGETS = []

class Reader < WEBrick::HTTPServer
  def service(request, response)
    if request.unparsed_uri == "/targets"
      response.body = JSON.generate(TARGETS)
      return
    end
    body = request.body || ""
    TARGETS << encode(request.unparsed_uri)
    reading = {
      method: encode(request.request_method),
      target: encode(request.unparsed_uri),
      fields: request.raw_header.map { |line| encode(line.sub(/\r?\n\z/, "")) },
      body: encode(body),
    }
    response["X-Reading"] = encode(JSON.generate(reading))
    response["Content-Length"] = "0"
  end

  def encode(text)
    [text.b].pack("m0")
  end
end

quiet = WEBrick::Log.new(File::NULL)
server = Reader.new(BindAddress: "127.0.0.1", Port: 0, Logger: quiet, AccessLog: [])
puts server.listeners[0].addr[1]
$stdout.flush
server.start
