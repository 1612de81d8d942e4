const ask = (stream) =>
  fetch(`${process.env.BASE_URL}/chat/completions`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${process.env.KEY}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      model: process.env.MODEL,
      messages: [{ role: 'user', content: 'Say hello' }],
      stream,
    }),
  });

const answer = await (await ask(false)).json();
console.log(answer.choices[0].message.content);

const decoder = new TextDecoder();
let buffer = '';
for await (const bytes of (await ask(true)).body) {
  buffer += decoder.decode(bytes, { stream: true });
  let end;
  while ((end = buffer.indexOf('\n')) >= 0) {
    const line = buffer.slice(0, end);
    buffer = buffer.slice(end + 1);
    if (!line.startsWith('data: ') || line === 'data: [DONE]') continue;
    process.stdout.write(JSON.parse(line.slice('data: '.length)).choices[0]?.delta?.content ?? '');
  }
}
console.log();
