import { Controller, Get, Param } from '@nestjs/common';
import { OrdersService } from './orders.service.js';

@Controller('cart')
export class CartController {
  constructor(private readonly orders: OrdersService) {}

  @Get(':id')
  async show(@Param('id') id: string): Promise<unknown> {
    return { cart: id, items: await this.orders.itemsOf(id) };
  }
}
