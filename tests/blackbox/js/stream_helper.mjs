import OpenAI from 'openai';

const openai = new OpenAI();
const seen = { content: '', tools: [] };
const stream = openai.chat.completions
  .stream({
    model: process.env.MODEL,
    messages: [{ role: 'user', content: 'hi' }],
    tools: process.env.TOOLS ? JSON.parse(process.env.TOOLS) : undefined,
  })
  .on('content', (delta) => (seen.content += delta))
  .on('tool_calls.function.arguments.done', (call) => seen.tools.push([call.index, call.name, call.arguments]));
const completion = await stream.finalChatCompletion();
console.log(JSON.stringify({ ...seen, choice: completion.choices[0], usage: await stream.totalUsage() }));
