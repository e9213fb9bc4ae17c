<?php
$curl = curl_init($argv[1]);
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
curl_setopt($curl, CURLOPT_FAILONERROR, true);
$body = curl_exec($curl);
echo $body === false ? curl_error($curl) : $body, "\n";
exit($body === false ? 1 : 0);
