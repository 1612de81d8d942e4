curl -s "$BASE_URL/chat/completions" \
  -H "Authorization: Bearer $KEY" \
  -H "Content-Type: application/json" \
  -d '{"model": "'"$MODEL"'", "messages": [{"role": "user", "content": "Say hello"}]}' |
  sed -E 's/.*"content":"([^"]*)".*/\1/'
echo
curl -sN "$BASE_URL/chat/completions" \
  -H "Authorization: Bearer $KEY" \
  -H "Content-Type: application/json" \
  -d '{"model": "'"$MODEL"'", "stream": true, "messages": [{"role": "user", "content": "Say hello"}]}' |
  sed -nE 's/.*"delta":\{[^}]*"content":"([^"]*)".*/\1/p' | tr -d '\n'
echo
