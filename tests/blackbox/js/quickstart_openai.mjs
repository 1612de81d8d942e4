import OpenAI from 'openai';

const openai = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.KEY });

const completion = await openai.chat.completions.create({
  model: process.env.MODEL,
  messages: [{ role: 'user', content: 'Say hello' }],
});
console.log(completion.choices[0].message.content);

const stream = await openai.chat.completions.create({
  model: process.env.MODEL,
  messages: [{ role: 'user', content: 'Say hello' }],
  stream: true,
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? '');
}
console.log();
