require "net/http"

response = Net::HTTP.get_response(URI(ARGV[0]))
puts response.code, response.body
exit response.is_a?(Net::HTTPSuccess)
