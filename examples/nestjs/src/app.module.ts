import { Module } from '@nestjs/common';
import { PillionModule } from 'pillion/nestjs';
import { CartController } from './cart.controller.js';
import { options } from './options.js';
import { OrdersService } from './orders.service.js';

@Module({
  imports: [
    PillionModule.forRoot({
      config: new URL('../envoy.json', import.meta.url),
      listenOn: { 'tcp://127.0.0.1:8001': `tcp://${options.admin}` },
      connectTo: { '127.0.0.1:8081': options.orders },
    }),
  ],
  controllers: [CartController],
  providers: [OrdersService],
})
export class AppModule {}
