import OpenAI from 'openai';

const openai = new OpenAI({ maxRetries: 0 });
try {
  const stream = await openai.chat.completions.create({
    model: process.env.MODEL,
    messages: [{ role: 'user', content: 'hi' }],
    stream: process.env.STREAM === '1',
  });
  if (process.env.STREAM === '1') for await (const _ of stream);
  console.log(JSON.stringify({ name: 'none' }));
} catch (error) {
  console.log(
    JSON.stringify({
      name: error.constructor.name,
      status: error.status ?? null,
      message: error.message,
      code: error.code ?? null,
      requestID: error.requestID ?? null,
    }),
  );
}
