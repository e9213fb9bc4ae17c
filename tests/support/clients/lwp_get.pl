use LWP::UserAgent;

my $response = LWP::UserAgent->new(env_proxy => 1)->get($ARGV[0]);
print $response->is_success ? $response->decoded_content : $response->status_line, "\n";
exit !$response->is_success;
