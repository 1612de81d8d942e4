import OpenAI from 'openai';

const openai = new OpenAI();
const called = [];
const runner = openai.chat.completions.runTools({
  model: process.env.MODEL,
  stream: process.env.STREAM === '1',
  messages: [{ role: 'user', content: 'How is the weather in Paris?' }],
  tools: [
    {
      type: 'function',
      function: {
        name: 'get_weather',
        parse: JSON.parse,
        parameters: { type: 'object', properties: { city: { type: 'string' } } },
        function: (args) => {
          called.push(args);
          return `sunny in ${args.city}`;
        },
      },
    },
  ],
});
console.log(JSON.stringify({ called, content: await runner.finalContent() }));
