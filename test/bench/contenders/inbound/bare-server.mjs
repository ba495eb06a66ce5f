import { createServer } from 'node:http';
import { listen, serveProxy } from '../../child.mjs';
import { sayHello } from '../../hello.mjs';

serveProxy(await listen(createServer(sayHello)));
