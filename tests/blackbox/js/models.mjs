import OpenAI from 'openai';

const openai = new OpenAI();
const ids = [];
for await (const model of openai.models.list()) ids.push(model.id);
const one = await openai.models.retrieve('test/gpt');
console.log(JSON.stringify({ ids, one }));
